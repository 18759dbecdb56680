/** third-party.txt of a build: whose work the site contains, and under which licence. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const text = (path: string) => readFileSync(join(root, path), 'utf8').trim()

/** Where the site has it. */
export const NOTICES = 'third-party.txt'

/** Packages whose files the site carries beside what is bundled. */
const carried = ['onnxruntime-web']

/** Packages without a licence file: what stands for it, made of what their own files say. */
const unfiled: Record<string, () => string> = {
  // Ours is the MIT licence too.
  'onnxruntime-web': () => text('LICENSE').replace(/^Copyright .*$/m, 'Copyright (c) Microsoft Corporation'),
  '@bufbuild/protobuf': () => {
    const header = (file: string) => /^(?:\/\/.*\n)+/.exec(text(`node_modules/@bufbuild/protobuf/dist/esm/${file}`))![0]
    const headers = [header('index.js'), header('wire/varint.js')].map((each) =>
      each.replaceAll(/^\/\/ ?/gm, '').trim(),
    )
    return [...headers, apache()].join('\n\n')
  },
}

const apache = () => text('src/graph/proto/LICENSE-onnx')

/** What is to be said of a package beside its licence. */
const remarks: Record<string, string> = {
  'onnxruntime-web':
    'Work of others is linked into the files in ort/; its notices: https://github.com/microsoft/onnxruntime/blob/v{version}/ThirdPartyNotices.txt',
}

/** Work that is no package. */
const others = [
  ['The model in data/gpt-nano-sort, of bbycroft/llm-viz', 'MIT', 'data/gpt-nano-sort/LICENSE'],
  ["The vocabulary of GPT-2, which is OpenAI's", 'modified MIT', 'src/data/LICENSE-gpt2'],
  ['Code generated from onnx.proto of ONNX', 'Apache-2.0', 'src/graph/proto/LICENSE-onnx'],
] as const

/**
 * The plugins that write it: `collect` for the page and for its workers, which are builds of their own, `emit` for the page.
 * Neither has an effect in development.
 */
export function thirdPartyNotices(): { collect(): Plugin; emit(): Plugin } {
  const bundled = new Set(carried)
  return {
    collect: () => ({
      name: 'collect-third-party',
      generateBundle: (_, bundle) => {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== 'chunk') continue
          for (const id of chunk.moduleIds) {
            const found = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id)
            if (found) bundled.add(found[1].replaceAll('\\', '/'))
          }
        }
      },
    }),
    emit: () => ({
      name: 'emit-third-party',
      generateBundle: {
        order: 'post',
        handler() {
          this.emitFile({ type: 'asset', fileName: NOTICES, source: describe([...bundled].sort()) })
        },
      },
    }),
  }
}

function describe(packages: readonly string[]): string {
  const parts = packages.map((name) => {
    const { version, license } = JSON.parse(text(`node_modules/${name}/package.json`))
    const remark = remarks[name]?.replace('{version}', version)
    return [
      `${name} ${version} (${license.replace(/^\((.*)\)$/, '$1')})`,
      ...(remark ? [remark] : []),
      licenceOf(name, license),
    ].join('\n\n')
  })
  for (const [what, licence, file] of others) parts.push(`${what} (${licence})\n\n${text(file)}`)
  const own = `This site is part of strong-lottery-tickets:\n\n${text('LICENSE')}\n\nIt contains work of others, named below.`
  return `${[own, ...parts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

/** @throws Error for a package of which no licence is known: a build must not leave one out */
function licenceOf(name: string, license: unknown): string {
  const folder = `node_modules/${name}`
  const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  if (files.length > 0) return files.map((file) => text(`${folder}/${file}`)).join('\n\n')
  if (!unfiled[name]) throw new Error(`${name} has no file with its licence (${license})`)
  return unfiled[name]()
}
