/** What the visitor chose to open, kept in the address where it can be. */
import { batch } from '@preact/signals'
import { kindOfFile } from '../../dropped-kind.js'
import { unreadSentence } from '../../failure.js'
import { handedTicket } from '../../handed-ticket.js'
import { beginEntry } from '../../route.js'
import { address } from './run-address.js'
import { closeSource, giveTokenizer, openSource, source } from './run-session.js'
import { type ExampleName, examples, readPasted, type Source } from './sources.js'

const { example, ticket, ticket10, file, mask, prompt, temperature } = address.values

let followed = ''

/** Opens what the address names, unless it is open; where it names nothing any more, what was open is closed. */
export function followAddress(): void {
  const named = sourceOfAddress()
  const key = named ? JSON.stringify([named, mask.value]) : ''
  if (key === followed) return
  followed = key
  if (named?.kind === 'example' && prompt.peek() === '') suitPrompt(named.example)
  if (named) openSource(named, mask.value || undefined)
  else closeSource()
}

function sourceOfAddress(): Source | undefined {
  const chosen = example.value
  if (ticket.value !== '') return { kind: 'text', text: `#ticket=${ticket.value}` }
  if (ticket10.value !== '') return { kind: 'text', text: `#ticket10=${ticket10.value}` }
  if (file.value !== '') return { kind: 'served', id: file.value }
  return chosen === 'none' ? undefined : { kind: 'example', example: chosen }
}

/** Changes what the address names, for the back button to undo. */
function setAddress(change: { example?: ExampleName | 'none'; ticket?: string; ticket10?: string }): void {
  const next = [change.example ?? 'none', change.ticket ?? '', change.ticket10 ?? '', '', ''] as const
  const now = [example, ticket, ticket10, file, mask].map((field) => field.peek())
  if (next.every((value, i) => value === now[i])) return
  beginEntry()
  batch(() => {
    ;[example.value, ticket.value, ticket10.value, file.value, mask.value] = next
  })
}

/** Opens what no address names. */
function openUnnamed(found: Source): void {
  setAddress({})
  suitPrompt()
  followed = '' // the address names nothing now, which is followed later, and must not close this
  openSource(found)
}

/** Opens another mask of the file that is open. The address names it where it names the file. */
export function openOtherMask(name: string): void {
  const { value: open } = source
  if (!open) return
  if (!sourceOfAddress()) {
    openSource(open, name)
    return
  }
  beginEntry()
  mask.value = name
}

/** Opens one of the bundled tickets. */
export function openExample(name: ExampleName): void {
  followed = '' // once more, if it is open
  setAddress({ example: name })
  suitPrompt(name)
  followAddress()
}

/** Prompts belong to models: that of another example gives way to this one's, or to none; one that the visitor wrote stays. */
function suitPrompt(name?: ExampleName): void {
  const written = prompt.peek()
  if (written !== '' && !isOfExamples(written)) return
  const writes = name === undefined ? undefined : examples[name].writes
  batch(() => {
    prompt.value = writes?.prompt ?? ''
    if (writes) temperature.value = writes.temperature
  })
}

/** Whether a prompt is that of an example, and not the visitor's own. */
const isOfExamples = (text: string): boolean => Object.values(examples).some(({ writes }) => writes?.prompt === text)

/** Opens a file of the visitor; no address names it. */
export function openFile(chosen: File): void {
  openUnnamed({ kind: 'file', file: chosen })
}

/** Opens the ticket that another view hands over. */
export function takeHanded(): void {
  const { value: handed } = handedTicket
  if (!handed) return
  handedTicket.value = undefined
  if (kindOfFile(handed) === 'tokenizer') takeTokenizer(handed)
  else openFile(handed)
}

/** Reads the texts of the open ticket by a `tokenizer.json` of the visitor. */
export async function takeTokenizer(chosen: File): Promise<void> {
  await giveTokenizer(async () => ({ kind: 'files', name: chosen.name, json: await textOf(chosen), config: null }))
}

async function textOf(chosen: File): Promise<string> {
  try {
    return await chosen.text()
  } catch (error) {
    throw new Error(unreadSentence(chosen, error))
  }
}

/** Opens what a pasted text stands for. @returns whether it stands for anything */
export function openPasted(text: string): boolean {
  const found = readPasted(text)
  if (!found) return false
  if (found.kind !== 'text') {
    openUnnamed(found)
    return true
  }
  const joined = found.text.replace(/\s+/g, '')
  const match = /^#?(?:(ticket(?:10)?)=)?(.*)$/s.exec(joined)!
  followed = ''
  setAddress(match[1] === 'ticket' ? { ticket: match[2] } : { ticket10: match[2] })
  suitPrompt()
  followAddress()
  return true
}
