/** What dropped files are, and which view is for them. */
import { type ViewName, viewTitles } from './view-names.js'

/** What a dropped file is taken for. */
export type DroppedKind = 'ticket' | 'tokenizer' | 'text' | 'result' | 'other'

const endings = {
  ticket: /\.safetensors$/i,
  tokenizer: /^tokenizer\b.*\.json$/i,
  result: /\.(jsonl|json|svg)$/i,
  text: /\.(txt|txt\.gz|md|csv|tsv|log|tex|html?|xml)$/i,
}

/** By its name, or else by the type that the browser gives it. */
export function kindOfFile({ name, type }: { readonly name: string; readonly type: string }): DroppedKind {
  if (endings.ticket.test(name)) return 'ticket'
  if (endings.tokenizer.test(name)) return 'tokenizer'
  if (endings.result.test(name)) return 'result'
  if (endings.text.test(name) || type.startsWith('text/')) return 'text'
  return 'other'
}

/** Which of some dropped files is taken, where it goes, and what is said about it. */
export interface Sorted<F> {
  readonly file: F
  readonly to: 'run' | 'search' | undefined
  readonly remark: string | undefined
}

/**
 * Sorts out dropped files: tickets are for the view that runs them, which also looks at any other file that is dropped on it; texts
 * are for searches.
 * @param files at least one
 */
export function sortOut<F extends { readonly name: string; readonly type: string }>(
  files: readonly F[],
  shown: ViewName,
): Sorted<F> {
  const wanted = shown === 'search' ? 'text' : 'ticket'
  const kinds: readonly DroppedKind[] = [wanted, 'ticket', 'text']
  const file = kinds.flatMap((kind) => files.filter((each) => kindOfFile(each) === kind))[0] ?? files[0]
  const kind = kindOfFile(file)
  const to = kind === 'ticket' || shown === 'run' ? 'run' : kind === 'text' ? 'search' : undefined
  const others = files.length - 1
  const left =
    others === 0 ? '' : ` One file at a time is opened: ${others} more ${others === 1 ? 'was' : 'were'} left.`
  if (to !== undefined) return { file, to, remark: others === 0 ? undefined : `${file.name} was taken.${left}` }
  const why =
    kind === 'result'
      ? `is opened in “${viewTitles.report}”, where a file host serves this page: drop it there, on the runs and figures`
      : kind === 'tokenizer'
        ? `belongs to a ticket: open that in “${viewTitles.run}”, then drop it there`
        : 'is neither a ticket (.safetensors) nor a text: nothing here opens it'
  return { file, to, remark: `${file.name} ${why}.${left}` }
}
