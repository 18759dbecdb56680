/** Whether an error says that work was stopped on purpose. */
export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

/** Why a file that was given could not be taken, in a plain sentence. */
export const unreadSentence = ({ name }: File, error: unknown): string =>
  error instanceof Error && error.name === 'InputError' ? plainSentence(error) : `${name} could not be read.`

/** What went wrong, in a plain sentence that ends with a full stop, for the visitor. */
export function plainSentence(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  if (name === 'AbortError') return 'Stopped.'
  const isUnfetched =
    name === 'TypeError' && /failed to fetch|load failed|networkerror|dynamically imported/i.test(message)
  if (isUnfetched || message.startsWith('Unable to preload CSS')) {
    return 'A file could not be fetched: you seem to be offline, or its server does not allow it.'
  }
  if (name === 'RangeError' && /allocation|invalid (typed )?array length|out of memory|memory\.grow/i.test(message)) {
    return 'There is not enough memory for this here: try something smaller.'
  }
  if (name === 'CompileError' || /WebAssembly\.(instantiate|compile)/.test(message)) {
    return 'This browser cannot run the WebAssembly that the page computes with (SIMD is needed).'
  }
  const line = message.replaceAll(/\s+/g, ' ').trim()
  const sentence = line === '' ? 'something went wrong' : line.length > 300 ? `${line.slice(0, 297)}...` : line
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}
