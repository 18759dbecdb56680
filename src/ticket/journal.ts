import { assertPairReport, type PairReport } from './pair.js'

/**
 * The journal of a ticket under construction: one JSON object a line. The first line names everything that determines
 * the result; each further line is a finished pair. A line counts only when its line break was written too.
 */
export interface JournalEntry {
  readonly pair: string
  /** SHA-256 of the pair's coordinate bytes followed by its mask bytes. */
  readonly sha256: string
  readonly report: PairReport
}

/** What must be equal for a resumption, and the settings in words. */
export interface JournalHead {
  /** The caller's fingerprint. */
  readonly fingerprint: string
  /** SHA-256 of the planned header: seed, configuration, pairs, dense tensors, places of everything. */
  readonly layout: string
  /** What people call the run by: a seed, options. Journals before this was added have none; a resumption does not ask for it. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/** A first line. */
export function headLine({ fingerprint, layout, settings }: JournalHead): string {
  return `${JSON.stringify({ journal: 1, fingerprint, layout, settings })}\n`
}

/** A line for a finished pair. */
export function entryLine({ pair, sha256, report }: JournalEntry): string {
  return `${JSON.stringify({ pair, sha256, report })}\n`
}

/** What a journal holds: its head, if its first line is whole, and the finished pairs up to the first line that is torn or makes no sense. */
export interface Journal {
  readonly head: JournalHead | undefined
  readonly entries: readonly JournalEntry[]
}

/** Reads a journal of any run. */
export function parseJournal(text: string): Journal {
  const [first, ...rest] = text.split('\n').slice(0, -1) // after the last line break: empty, or torn
  const head = parseHead(first)
  const entries: JournalEntry[] = []
  for (const line of rest) {
    try {
      const entry = JSON.parse(line) as JournalEntry
      if (typeof entry.pair !== 'string' || typeof entry.sha256 !== 'string') break
      assertPairReport(entry.report, entry.pair)
      entries.push(entry)
    } catch {
      break
    }
  }
  return { head, entries }
}

function parseHead(line: string | undefined): JournalHead | undefined {
  try {
    const { journal, fingerprint, layout, settings } = JSON.parse(line ?? '')
    if (journal !== 1 || typeof fingerprint !== 'string' || typeof layout !== 'string') return undefined
    return { fingerprint, layout, ...(settings && { settings }) }
  } catch {
    return undefined
  }
}

/** Whether a journal is of the run that has this head. */
export const isJournalOf = ({ head }: Journal, { fingerprint, layout }: JournalHead): boolean =>
  head?.fingerprint === fingerprint && head.layout === layout

/** Two runs that are not the same, in words: `items 16, seed 7; asked for: items 16, seed 8`. */
export function differenceOf(there: JournalHead, here: JournalHead): string {
  const words = ({ settings }: JournalHead) =>
    settings
      ? Object.entries(settings)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ')
      : 'settings that it does not name'
  const [old, asked] = [words(there), words(here)]
  return old === asked ? `${old}, but of another target` : `${old}; asked for: ${asked}`
}
