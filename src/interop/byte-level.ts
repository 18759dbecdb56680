import { isPrintableByte } from '../data/index.js'

/**
 * The character that stands for each byte in the vocabularies of byte-level BPE (Radford et al. 2019, `bytes_to_unicode`),
 * [256]: printable bytes of Latin-1 are themselves, the others are U+0100 and on, in order.
 */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintableByte(byte) ? byte : next++))
})()

/** Bytes as such characters. */
export const byteLevelText = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byteCharacters[byte]).join('')
