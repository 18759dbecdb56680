import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { textOfFile } from '../../web/src/views/search/text-of-file.js'

const text = 'A text to search on, na\u00efve \u{1f600}.\n'.repeat(5000)
const given = (content: BlobPart, largest?: number) => textOfFile(new File([content], 'given.txt'), largest)
const bytes = (content: Uint8Array) => content as Uint8Array<ArrayBuffer>

test.each([
  ['UTF-8', text],
  ['gzip', bytes(gzipSync(text))],
  ['UTF-16', bytes(Buffer.from(`\ufeff${text}`, 'utf16le'))],
])('a given file of %s is the text that slt search reads', async (_, content) => {
  const { name, bytes: read } = await given(content)
  expect(name).toBe('given.txt')
  expect(Buffer.from(read).equals(Buffer.from(text))).toBe(true)
})

test('what is no text, unsound or too large is refused in a sentence about the file, with no word of options', async () => {
  const packed = gzipSync(text)
  await expect(given(bytes(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')))).rejects.toThrow(
    /^given\.txt: is a PNG picture, which is not read as a text$/,
  )
  await expect(given(bytes(packed.subarray(0, packed.length - 20)))).rejects.toThrow(/^given\.txt: not sound gzip/)
  const tooLarge = /^given\.txt: a search in a page takes a text of at most 0 MB$/
  await expect(given(text, 1000)).rejects.toThrow(tooLarge)
  expect(packed.length).toBeLessThan(1000)
  await expect(given(bytes(packed), 1000)).rejects.toThrow(tooLarge)
})
