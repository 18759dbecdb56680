import { expect, test } from 'vitest'
import { otherFormat, startsAsSafetensors } from '../../src/safetensors/file-format.js'
import { encodeSafetensors } from '../../src/safetensors/index.js'

const head = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)))
const zeros = Array<number>(12).fill(0)

test.each([
  ['an ONNX file', head([8, 10, 0x12, 18], 'strong-lottery-ti')],
  ['an ONNX file', head([8, 7, 0x3a, 0xff, 0xff, 3, 0x0a])], // a graph right behind the version
  ['a ZIP archive (PyTorch, .npz and .docx files are ZIP archives)', head('PK', [3, 4, 20, 0], zeros)],
  ['a GGUF file', head('GGUF', [3, 0, 0, 0], zeros)],
  ['a gzip file', head([0x1f, 0x8b, 8, 0], zeros)],
  ['a PDF document', head('%PDF-1.7')],
  ['a pickle of Python', head([0x80, 4, 0x95], zeros)],
  [undefined, head([0x80, 3, 0x95], zeros)],
  ['a PNG picture', head([0x89], 'PNG\r\n', [0x1a, 0x0a], zeros)],
  ['a text', head('{"model_type": "gpt2"}'.slice(0, 16))],
  ['a text', head('First Citizen:\nB')],
  ['a text', head('naïve'.slice(0, 4))],
  ['a text', head('Überraschung ', [0xe2, 0x82])], // the last character is cut
  ['a text', head([0xef, 0xbb, 0xbf], 'with its mark')],
  ['a text in UTF-16', head([0xff, 0xfe, 0x41, 0, 0x42, 0])],
  ['a pickle of Python', head([0x80, 2], '}q', zeros)],
  [
    'the pointer of a file that Git LFS holds (git lfs pull fetches it)',
    head('version https://git-lfs.github.com'.slice(0, 24)),
  ],
  ['zeros, as where a file was never written to its end', head(zeros)],
  [undefined, head([0x1b], '[31m red')],
  [undefined, head([8, 64, 0x12, 0], zeros)], // no version of ONNX
  [undefined, head('PK')],
  [undefined, new Uint8Array(0)],
])('%s', (format, bytes) => {
  expect(otherFormat(bytes)).toBe(format)
  expect(startsAsSafetensors(bytes)).toBe(false)
})

test('safetensors are told, whatever the length of their header begins with', () => {
  const file = encodeSafetensors([{ name: 'a', dtype: 'U8', shape: [1], bytes: Uint8Array.of(1) }])
  expect(startsAsSafetensors(file)).toBe(true)
  for (const length of [8, 0x8b1f, 0x120a08, 0x4b50]) {
    const start = head([length & 255, (length >> 8) & 255, (length >> 16) & 255, 0, 0, 0, 0, 0], '{')
    expect([startsAsSafetensors(start), otherFormat(start)]).toEqual([true, undefined])
  }
})
