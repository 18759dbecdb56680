/**
 * Merges and scores. SentencePiece's BPE has a score a token: of two neighbours that together are a token, those of the highest score are joined first,
 * the leftmost of equals. A `tokenizer.json` has ranks of pairs instead. Both join alike where every pair that makes a token is listed, and the pairs of one
 * token follow each other, in the order of the scores.
 */
import { quoted } from '../safetensors/index.js'

/**
 * The places of tokens in the order in which they are joined: 1 for the first.
 * @param refuse told why scores cannot say what these merges do
 */
export function mergeGroups(
  vocab: Readonly<Record<string, number>>,
  merges: readonly (readonly [string, string])[],
  refuse: (reason: string) => never,
): ReadonlyMap<string, number> {
  const groups = new Map<string, number>()
  const pairs = new Set<string>()
  let last: string | undefined
  for (const [left, right] of merges) {
    const token = left + right
    pairs.add(`${left} ${right}`)
    if (token === last) continue
    if (groups.has(token)) refuse(`the merges that make ${quoted(token)} do not follow each other, as scores have it`)
    groups.set(token, groups.size + 1)
    last = token
  }
  for (const token of Object.keys(vocab)) {
    const missing = splitsOf(token, vocab).find((pair) => !pairs.has(pair.join(' ')))
    if (missing !== undefined) {
      refuse(`no merge joins ${quoted(missing[0])} and ${quoted(missing[1])} to ${quoted(token)}, as scores would`)
    }
  }
  return groups
}

/** The pairs of tokens that together are a token. */
export function splitsOf(token: string, vocab: Readonly<Record<string, unknown>>): [string, string][] {
  const characters = Array.from(token)
  const splits: [string, string][] = []
  for (let i = 1; i < characters.length; i++) {
    const [left, right] = [characters.slice(0, i).join(''), characters.slice(i).join('')]
    if (Object.hasOwn(vocab, left) && Object.hasOwn(vocab, right)) splits.push([left, right])
  }
  return splits
}
