/** What is no ticket, in plain words before the detail; in a worker. */
import { InputError } from '../../../../src/safetensors/input-error.js'
import { MemoryLimitError } from '../../../../src/safetensors/memory-budget.js'
import { METADATA_KEY } from '../../../../src/ticket/head.js'

const TOO_LARGE = 'This ticket needs more memory than a page should take; slt generate opens it on your machine.'
const FOREIGN = 'This is not a ticket.'
const DAMAGED = 'This ticket is damaged or cut short.'

/** Bytes at the beginning of a file in which its description begins. */
const HEAD = 4096

/**
 * The error of opening a ticket, as it is told in the page: `This is not a ticket. notes.txt: …`. What another version of the format
 * says, and what is no InputError, stays as it is.
 * @param from a ticket's file, or the text that should hold one
 */
export function refusedTicket(error: unknown, from: Uint8Array | string): unknown {
  if (!(error instanceof InputError) || /\bversion\b.* is unknown/.test(error.message)) return error
  if (error instanceof MemoryLimitError) return new InputError(`${TOO_LARGE} ${error.message}`, { cause: error })
  const lead = looksLikeTicket(error.message, from) ? DAMAGED : FOREIGN
  return new InputError(`${lead} ${error.message}`, { cause: error })
}

function looksLikeTicket(message: string, from: Uint8Array | string): boolean {
  if (typeof from === 'string') {
    // Digits and letters alone may be anything; that a link names a ticket is a promise.
    return !/compact form \d+ is unknown|no link, fragment or digits/.test(message)
  }
  const head = new TextDecoder('latin1').decode(from.subarray(8, HEAD))
  return head.startsWith('{') && head.includes(`"${METADATA_KEY}"`)
}
