// A checkout as a reader has it after `npm ci && npm run build`: every file that git would commit, the packages and what was built.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LIMIT = 1_000_000 // ms; ends what hangs: a busy machine takes many times as long as a free one

/** @param {string} root of the repository; built */
export function createCheckout(root) {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  const folder = mkdtempSync(join(tmpdir(), 'slt-docs-'))
  for (const file of list.split('\0').filter((name) => name && existsSync(join(root, name))))
    cpSync(join(root, file), join(folder, file))
  for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(folder, name), 'junction')
  let count = 0
  return {
    folder,
    /** Runs a program in a shell, or as a module. @returns its exit code and what it printed */
    run(kind, program) {
      if (kind === 'shell') return start('bash', ['-e', '-o', 'pipefail', '-c', program], folder)
      const file = join(folder, `docs-${++count}.mjs`) // here, the package imports itself by its name
      writeFileSync(file, program)
      return start(process.execPath, [file], folder)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Process groups that run: a shell's commands outlive the shell. */
const running = new Set()

/** Ends whatever runs. */
export function endAll() {
  for (const pid of running) {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

function start(command, args, cwd) {
  // npm hands its settings down to what it runs; a reader's shell has none of them.
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|VITEST|TEST$|SLT_)/i.test(name))
  const env = { ...Object.fromEntries(own), NO_COLOR: '1' }
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child.pid)
    const timer = setTimeout(endAll, LIMIT)
    const end = (result) => {
      clearTimeout(timer)
      running.delete(child.pid)
      resolve(result)
    }
    const text = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (chunk) => {
        text[name] += chunk
      })
    }
    child.on('error', (error) => end({ code: null, stdout: '', stderr: error.message }))
    child.on('close', (code) => end({ code, ...text }))
  })
}
