/** Added tokens in a text: `<s>`, `[MASK]`. They are found before anything else is done to a text, by their letters alone. */
import type { AddedTokenJson } from './tokenizer-vocabulary.js'

/** A piece of a text: an added token, or what lies between two of them. */
export interface Section {
  readonly text: string
  readonly isAdded: boolean
}

/** Cuts a text into sections; none is empty. */
export type Cutter = (text: string) => Section[]

/**
 * What finds added tokens in a text: the first, of those that begin there the longest. White space beside a token belongs to it where the
 * token says so (`lstrip`, `rstrip`).
 * @param spelt what stands for a token in the text, its content say
 */
export function createCutter(added: readonly AddedTokenJson[], spelt: (token: AddedTokenJson) => string): Cutter {
  if (added.length === 0) return (text) => (text === '' ? [] : [{ text, isAdded: false }])
  const tokens = new Map(added.map((token) => [spelt(token), token]))
  tokens.delete('')
  const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(longestFirst.map((text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'), 'g')
  return (text) => {
    const sections: Section[] = []
    let start = 0
    let strips = false
    const between = (end: number, stripsEnd: boolean): void => {
      let own = text.slice(start, end)
      if (strips) own = own.replace(/^\p{White_Space}+/u, '')
      if (stripsEnd) own = own.replace(/\p{White_Space}+$/u, '')
      if (own !== '') sections.push({ text: own, isAdded: false })
    }
    for (const { 0: found, index } of tokens.size === 0 ? [] : text.matchAll(pattern)) {
      const token = tokens.get(found)!
      between(index, token.lstrip === true)
      sections.push({ text: token.content, isAdded: true })
      start = index + found.length
      strips = token.rstrip === true
    }
    between(text.length, false)
    return sections
  }
}
