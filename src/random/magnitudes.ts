import { fillWords, type Seed } from './stream.js'

/** Bits that {@link magnitudes} keeps of a word. */
export const MAGNITUDE_BITS = 7

/**
 * How far from 0 the deviates of some words lie, in 128ths of the way to the end of the range, rounded down: for a word w, the
 * highest 7 bits after the first of w, or of its complement where the first bit is 0. Uniform deviates of the same words
 * have |u| in [m/128, (m + 1)/128).
 * @param stream integer in 0..2^53-1
 * @param start index of the first word, integer in 0..2^53-1
 * @returns uint8 [count], 0 to 127
 */
export function magnitudes(seed: Seed, stream: number, start: number, count: number): Uint8Array {
  const words = new Uint32Array(count)
  fillWords(seed, stream, start, words)
  const out = new Uint8Array(count)
  for (let i = 0; i < count; i++) out[i] = ((words[i] >>> 31 ? words[i] : ~words[i]) >>> 24) & 127
  return out
}

/**
 * The same with the sign before the magnitude: bit 7 is the first bit of the word, which is one where the uniform deviate is positive.
 * @returns uint8 [count], 0 to 255
 */
export function signedMagnitudes(seed: Seed, stream: number, start: number, count: number): Uint8Array {
  const words = new Uint32Array(count)
  fillWords(seed, stream, start, words)
  const out = new Uint8Array(count)
  for (let i = 0; i < count; i++) out[i] = words[i] >>> 31 ? words[i] >>> 24 : (~words[i] >>> 24) & 127
  return out
}
