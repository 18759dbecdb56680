import { type MergeTable, pairKey } from './byte-pair-merge.js'

/** GPT-2's 50,257 tokens: 256 bytes, 50,000 merges in the order of their ranks, and `<|endoftext|>`. */
export interface Gpt2Vocabulary extends MergeTable {
  /** The bytes of each token but the last, [50256]. */
  readonly bytes: readonly Uint8Array[]
}

/** `<|endoftext|>`, the last token. */
export const END_OF_TEXT = 50256

/** Reads the vocabulary, and makes of it the table of pairs that join: every way to cut a token into two tokens. */
export async function loadGpt2Vocabulary(): Promise<Gpt2Vocabulary> {
  const { default: ranks } = await import('gpt-tokenizer/bpeRanks/r50k_base')
  const utf8 = new TextEncoder()
  const bytes = ranks.map((token) => (typeof token === 'string' ? utf8.encode(token) : Uint8Array.from(token)))
  if (bytes.length !== END_OF_TEXT) throw new Error(`r50k_base has ${bytes.length} tokens, not ${END_OF_TEXT}`)

  const ofText = new Map(bytes.map((token, rank) => [String.fromCharCode(...token), rank]))
  const ofByte = Uint16Array.from({ length: 256 }, (_, byte) => ofText.get(String.fromCharCode(byte))!)
  const ofPair = new Map<number, number>()
  for (const [text, rank] of ofText) {
    for (let cut = 1; cut < text.length; cut++) {
      const left = ofText.get(text.slice(0, cut))
      const right = left === undefined ? undefined : ofText.get(text.slice(cut))
      if (left !== undefined && right !== undefined) ofPair.set(pairKey(left, right), rank)
    }
  }
  return { bytes, ofByte, ofPair }
}
