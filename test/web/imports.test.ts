import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importsOf, reachedFrom, root, web } from './reached.js'

test('the explorer reaches nothing of Node, and not the library as a whole', () => {
  const reached = reachedFrom(web)
  expect(reached.has('src/kernels/kernels.ts')).toBe(true)
  const wrong = [...reached].filter(([target]) => {
    return /^(node:|onnxruntime-node|piscina|@observablehq)/.test(target) || /^src\/(index\.ts|cli\/)/.test(target)
  })
  expect(wrong.map(([target, file]) => `${file} -> ${target}`)).toEqual([])
})

test("the library's entry for browsers reaches nothing of Node, and no package beside these", () => {
  const reached = reachedFrom(['src/browser.ts'])
  expect(reached.has('src/kernels/kernels.ts')).toBe(true)
  const packages = [...reached.keys()].filter((target) => !target.startsWith('src/')).sort()
  expect(packages).toEqual([
    '@bufbuild/protobuf',
    '@bufbuild/protobuf/codegenv2',
    '@huggingface/tokenizers', // when a folder's tokenizer.json is read
    '@noble/hashes/sha2.js',
    '@noble/hashes/utils.js',
    'lean-qr',
    'lean-qr/extras/svg',
  ])
})

test('the first view waits for neither ONNX Runtime nor another view', () => {
  const eager = new Set(['web/src/main.tsx'])
  for (const file of eager) {
    if (!/\.tsx?$/.test(file)) continue
    const text = readFileSync(join(root, file), 'utf8')
    const dynamic = new Set([...text.matchAll(/import\(\s*'([^']+)'/g)].map((match) => match[1]))
    for (const target of importsOf(file)) {
      const isDynamic = [...dynamic].some((each) => target.includes(each.replace(/^[./]+|\.js$/g, '')))
      if (!isDynamic) eager.add(target)
    }
  }
  expect(eager.has('web/src/app.tsx')).toBe(true)
  expect([...eager].filter((file) => /onnxruntime|\/views\/|^src\//.test(file))).toEqual([])
})

test('views do not import each other, and controls no view', () => {
  const viewOf = (file: string) => /web\/src\/views\/([^/]+)\//.exec(file)?.[1]
  const wrong = web.flatMap((file) => {
    const others = importsOf(file).filter((target) => viewOf(target) !== undefined && viewOf(target) !== viewOf(file))
    return file === 'web/src/views.ts' ? [] : others.map((target) => `${file} -> ${target}`)
  })
  expect(wrong).toEqual([])
})

test('no file of the explorer is longer than 300 lines', () => {
  expect(web.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301)).toEqual([])
})
