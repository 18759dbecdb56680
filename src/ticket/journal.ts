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

/** What must be equal for a resumption. */
export interface JournalHead {
  /** The caller's fingerprint. */
  readonly fingerprint: string
  /** SHA-256 of the planned header: seed, configuration, pairs, dense tensors, places of everything. */
  readonly layout: string
}

/** A first line. */
export function headLine({ fingerprint, layout }: JournalHead): string {
  return `${JSON.stringify({ journal: 1, fingerprint, layout })}\n`
}

/** A line for a finished pair. */
export function entryLine({ pair, sha256, report }: JournalEntry): string {
  return `${JSON.stringify({ pair, sha256, report })}\n`
}

/**
 * The finished pairs of a journal, or undefined when its head is another one (or none). Reading stops at the first line
 * that is torn or makes no sense: what follows it is dropped.
 */
export function readJournal(text: string, head: JournalHead): JournalEntry[] | undefined {
  const lines = text.split('\n')
  lines.pop() // after the last line break: empty, or torn
  if (lines.length === 0 || `${lines[0]}\n` !== headLine(head)) return undefined
  const entries: JournalEntry[] = []
  for (const line of lines.slice(1)) {
    try {
      const entry = JSON.parse(line) as JournalEntry
      if (typeof entry.pair !== 'string' || typeof entry.sha256 !== 'string') break
      assertPairReport(entry.report, entry.pair)
      entries.push(entry)
    } catch {
      break
    }
  }
  return entries
}
