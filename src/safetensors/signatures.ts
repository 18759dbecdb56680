// biome-ignore-all lint/suspicious/noControlCharactersInRegex: signatures are bytes, not text
/**
 * Files of other kinds by their first bytes, for messages. The list follows the formats' specifications and the `magic` file
 * of file(1); a signature of fewer than four fixed bytes is completed by what the format says of the bytes after it.
 */

/** Bytes from a file's start that all signatures lie in: tar has its name at 257. */
export const SIGNATURE_BYTES = 262

/** Patterns over bytes written as Latin-1 characters. */
const signatures: readonly (readonly [RegExp, string])[] = [
  [/^PK(\x03\x04|\x05\x06|\x07\x08)/, 'a ZIP archive (PyTorch, .npz and .docx files are ZIP archives)'],
  [/^GGUF/, 'a GGUF file'],
  [/^\x1f\x8b\x08/, 'a gzip file'],
  [/^\x89PNG/, 'a PNG picture'],
  [/^\x89HDF/, 'an HDF5 file'],
  [/^\x93NUMPY/, 'a NumPy array (.npy)'],
  [/^\x80([\x02\x03][\x8a\]}c(X]|[\x04\x05]\x95)/, 'a pickle of Python'],
  [/^PAR1/, 'a Parquet file'],
  [/^ARROW1\0\0|^\xff\xff\xff\xff[\s\S]{2}\0\0\x10\0/, 'an Arrow file'],
  [/^Obj\x01/, 'an Avro file'],
  [/^MMIDIDX\0/, "an index of Megatron's (.idx)"],
  [/^SQLite format 3\0/, 'an SQLite database'],
  [/^%PDF-/, 'a PDF document'],
  [/^\xff\xd8\xff/, 'a JPEG picture'],
  [/^GIF8[79]a/, 'a GIF picture'],
  [/^RIFF[\s\S]{4}WEBP/, 'a WebP picture'],
  [/^(II\*\0|MM\0\*)/, 'a TIFF picture'],
  [/^RIFF[\s\S]{4}(WAVE|AVI )/, 'a sound or a film (RIFF)'],
  [/^(OggS\0|fLaC|ID3[\x02-\x04])/, 'a sound file'],
  [/^\0\0\0[\s\S]ftyp/, 'a film (MP4)'],
  [/^BZh[1-9]1AY&SY/, 'a bzip2 file'],
  [/^\xfd7zXZ\0/, 'an xz file'],
  [/^\x28\xb5\x2f\xfd/, 'a Zstandard file'],
  [/^\x04\x22\x4d\x18/, 'an LZ4 file'],
  [/^7z\xbc\xaf\x27\x1c/, 'a 7-Zip archive'],
  [/^Rar!\x1a\x07/, 'a RAR archive'],
  [/^[\s\S]{257}ustar/, 'a tar archive'],
  [/^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/, 'a document of Microsoft Office (OLE)'],
  [/^version https:\/\/git-lfs/, 'the pointer of a file that Git LFS holds (git lfs pull fetches it)'],
  [/^(\xff\xfe|\xfe\xff)/, 'a text in UTF-16'],
  [/^\x7fELF/, 'a program (ELF)'],
  [/^\0asm/, 'a WebAssembly module'],
]

/**
 * What other kind of file some first bytes begin.
 * @param head the first {@link SIGNATURE_BYTES} bytes; of fewer the signatures that lie further on are not seen
 * @returns with its article ("a PNG picture"), or undefined where no signature is known
 */
export function signatureOf(head: Uint8Array): string | undefined {
  const text = String.fromCharCode(...head.subarray(0, SIGNATURE_BYTES))
  return signatures.find(([pattern]) => pattern.test(text))?.[1]
}
