import { pairKey } from './byte-pair-merge.js'
import { END_OF_TEXT, type Gpt2Vocabulary } from './gpt2-vocabulary.js'

/**
 * The 50,000 merges of GPT-2's vocabulary in the order of their ranks, each as the two tokens that it joins: what Hugging
 * Face's `merges.txt` lists. The last merge of a token is found by merging its bytes with the ranks below its own alone,
 * which leaves two parts.
 */
export function gpt2Merges({ bytes, ofByte, ofPair }: Gpt2Vocabulary): [left: number, right: number][] {
  const merges: [number, number][] = []
  for (let token = 256; token < END_OF_TEXT; token++) {
    const parts = Array.from(bytes[token], (byte) => ofByte[byte])
    while (parts.length > 2) {
      let least = token
      let at = -1
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = ofPair.get(pairKey(parts[i], parts[i + 1]))
        if (rank !== undefined && rank < least) [least, at] = [rank, i]
      }
      if (at < 0) throw new Error(`token ${token} has no merge of two parts`)
      parts.splice(at, 2, least)
    }
    merges.push([parts[0], parts[1]])
  }
  return merges
}
