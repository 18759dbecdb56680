/**
 * Cuts text into the words of GPT-2 (Radford et al. 2019), within which bytes are merged:
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * `\s` is Unicode's White_Space, as in GPT-2's own program; JavaScript's differs at U+0085 and U+FEFF. The expression itself is
 * not run: JavaScript's would keep a place to go back to for each character of a run, and 5 MB of letters overflow its stack.
 */

/** Takes a word. */
export type TakeWord = (word: string) => void

export interface WordCutter {
  /** @param text the next piece, cut between characters */
  push(text: string, take: TakeWord): void
  /** Ends the text; the cutter may then be used for another. */
  end(take: TakeWord): void
}

/** Most characters (UTF-16 units) of a word. Merging takes 26 bytes of memory a byte of text. */
export const LONGEST_WORD = 2 ** 25

const SPACE = 1
const LETTER = 2
const NUMBER = 3
const OTHER = 4

/** The class of every character; 0 where it was not looked up yet. */
const classes = new Uint8Array(0x110000)

function classOf(character: number): number {
  if (classes[character] === 0) {
    const text = String.fromCodePoint(character)
    if (/\p{White_Space}/u.test(text)) classes[character] = SPACE
    else if (/\p{L}/u.test(text)) classes[character] = LETTER
    else if (/\p{N}/u.test(text)) classes[character] = NUMBER
    else classes[character] = OTHER
  }
  return classes[character]
}

/** Where the run of characters of one class ends that goes on at `at`. */
function runEnd(text: string, at: number, kind: number): number {
  while (at < text.length) {
    const character = text.codePointAt(at)!
    if (classOf(character) !== kind) break
    at += character > 0xffff ? 2 : 1
  }
  return at
}

const BLANK = 0x20
const APOSTROPHE = 0x27

/** Where the class of the word that begins at `at` is told: behind a blank, unless that is the last character. */
const classPlace = (text: string, at: number): number =>
  text.charCodeAt(at) === BLANK && at + 1 < text.length ? at + 1 : at

const kindOf = (text: string, at: number): number => classOf(text.codePointAt(classPlace(text, at))!)

/** Length of the contraction that begins with the apostrophe at `at`; 0 for none, -1 where the text ends too early to say. */
function contractionAt(text: string, at: number): number {
  const [first, second] = [text[at + 1], text[at + 2]]
  if (first === undefined) return -1
  if ('stmd'.includes(first)) return 2
  const after = first === 'l' ? 'l' : first === 'r' || first === 'v' ? 'e' : undefined
  if (after === undefined) return 0
  if (second === undefined) return -1
  return second === after ? 3 : 0
}

/** Where the word ends that begins at `at`; -1 where more text could make it longer. */
function wordEnd(text: string, at: number, isLast: boolean): number {
  const contraction = text.charCodeAt(at) === APOSTROPHE ? contractionAt(text, at) : 0
  if (contraction > 0) return at + contraction
  if (contraction < 0 && !isLast) return -1
  const place = classPlace(text, at)
  const kind = classOf(text.codePointAt(place)!)
  const end = runEnd(text, place, kind)
  if (end === text.length) return isLast ? end : -1
  // The last of several spaces goes to the word that follows.
  return kind === SPACE && end - at > 1 ? end - 1 : end
}

/** @throws RangeError where a word has more than {@link LONGEST_WORD} characters */
export function createWordCutter(): WordCutter {
  /** A word whose end is not known yet, in pieces. */
  let begun: string[] = []
  let length = 0
  let kind = 0

  const wait = (text: string) => {
    if (begun.length === 0) kind = kindOf(text, 0)
    begun.push(text)
    length += text.length
    if (length > LONGEST_WORD) {
      const most = LONGEST_WORD.toLocaleString('en')
      throw new RangeError(`"text" expected words of at most ${most} characters, got more of one kind without a space`)
    }
  }
  const takeBegun = (): string => {
    const word = begun.join('')
    begun = []
    length = 0
    return word
  }
  const cut = (text: string, isLast: boolean, take: TakeWord) => {
    for (let at = 0; at < text.length; ) {
      const end = wordEnd(text, at, isLast)
      if (end < 0) wait(text.slice(at))
      else take(text.slice(at, end))
      at = end < 0 ? text.length : end
    }
  }
  return {
    push(text, take) {
      if (length < 3) {
        cut(takeBegun() + text, false, take) // a blank or an apostrophe does not say yet what word it begins
        return
      }
      // A longer one is a run of one class, which need not be read again.
      const end = runEnd(text, 0, kind)
      if (end > 0) wait(text.slice(0, end))
      if (end === text.length) return
      const word = takeBegun()
      const own = kind === SPACE ? word.slice(0, -1) : word
      take(own)
      cut(word.slice(own.length) + text.slice(end), false, take)
    },
    end: (take) => cut(takeBegun(), true, take),
  }
}
