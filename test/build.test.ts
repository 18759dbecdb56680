import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const { bin, publishConfig, scripts, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const { makeRunnable, replaceFolder } = await import(new URL('../scripts/finished-build.mjs', import.meta.url).href)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-build-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

// Windows has no run bits: there npm writes a script that starts Node.
describe.skipIf(process.platform === 'win32')('a command that npm linked once', () => {
  /** What npm leaves in node_modules/.bin, started as a shell starts it: without naming Node. */
  const link = async (to: string) => {
    const path = join(folder, 'slt')
    await symlink(to, path)
    return () => execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
  }

  test('runs after every later build', async () => {
    const dist = join(folder, 'dist')
    const build = async (word: string) => {
      const built = join(folder, `built-${word}`)
      await mkdir(built)
      await writeFile(join(built, 'main.js'), `#!/usr/bin/env node\nconsole.log('${word}')\n`)
      makeRunnable([join(built, 'main.js')])
      replaceFolder(dist, built, join(folder, `before-${word}`))
    }
    await build('first')
    const run = await link(join(dist, 'main.js'))
    expect(run()).toBe('first')
    await build('second')
    expect(run()).toBe('second')
  })

  test('runs as the build left it', async () => {
    expect((await link(join(root, bin.slt)))()).toBe(version)
  })
})

describe('a folder that a build replaces', () => {
  test('has what was built, and nothing of before', async () => {
    await mkdir(join(folder, 'dist'))
    await writeFile(join(folder, 'dist/without-source.js'), '')
    await mkdir(join(folder, 'built'))
    await writeFile(join(folder, 'built/main.js'), 'new')
    replaceFolder(join(folder, 'dist'), join(folder, 'built'), join(folder, 'replaced'))
    expect(await readdir(join(folder, 'dist'))).toEqual(['main.js'])
    expect(await readFile(join(folder, 'dist/main.js'), 'utf8')).toBe('new')
  })

  test('stays where the build left nothing to replace it with', async () => {
    await mkdir(join(folder, 'dist'))
    await writeFile(join(folder, 'dist/main.js'), 'old')
    const replace = () => replaceFolder(join(folder, 'dist'), join(folder, 'missing'), join(folder, 'replaced'))
    expect(replace).toThrow('ENOENT')
    expect(await readFile(join(folder, 'dist/main.js'), 'utf8')).toBe('old')
    expect(existsSync(join(folder, 'replaced'))).toBe(false)
  })
})

describe('an install in a checkout, where npm runs no scripts but those that are asked for by name', () => {
  test('packages with an install script are those that do without it', async () => {
    const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
    const names = Object.keys(packages).filter((path) => packages[path].hasInstallScript)
    // msgpackr-extract is a faster reader for BullMQ, which does without it.
    expect(names).toEqual(['node_modules/msgpackr-extract', 'node_modules/onnxruntime-node', 'node_modules/protobufjs'])
    const lines = (await readFile(join(root, '.npmrc'), 'utf8'))
      .split('\n')
      .filter((line) => line && !line.startsWith(';'))
    expect(lines).toEqual(['ignore-scripts=true']) // npm warns of a setting that it does not know
  })

  test('no script of ours waits for its pre or post script, but to publish, which lets them run', () => {
    const around = Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))
    expect(around).toEqual(['prepack'])
    expect(publishConfig).toEqual({ 'ignore-scripts': false })
    for (const name of ['start', 'test', 'bench', 'prepack']) expect(scripts[name]).toMatch(/^node scripts\/build\.mjs/)
  })
})
