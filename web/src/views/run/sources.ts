/** Where tickets come from. */
import { InputError } from '../../../../src/safetensors/input-error.js'
import { LINK_LIMIT } from '../../../../src/ticket/ticket-text.js'
import { fetchSiteFile, siteFile } from '../../site.js'
import { readBody, tooMany } from './sized-body.js'

/** Bytes of the largest file that is read. */
const MOST_BYTES = 2 ** 29

export const exampleNames = ['sorter', 'play', 'pruned', 'ten'] as const
export type ExampleName = (typeof exampleNames)[number]

/** Tickets that are a click away. */
export const examples = {
  sorter: {
    title: 'A sorter that fits in a QR code',
    text: '1,320 random weights and 165 bytes of masks sort every list of six letters.',
    file: 'data/tickets/sorter-qr/sorter.slt.safetensors',
  },
  play: {
    title: 'A playwright',
    text: '835,584 random weights, found by search on the plays of Shakespeare, in 92 kB.',
    file: 'data/tickets/play/play.slt.safetensors',
  },
  pruned: {
    title: 'A trained sorter, pruned here',
    text: 'Random matrices are pruned, while you wait, until they do what a trained network does.',
    file: null,
  },
  ten: {
    title: 'Ten letters',
    text: '21,152 random weights that sort six letters out of ten; the largest QR code but one.',
    file: 'data/tickets/sorter-qr/ten-letters.slt.safetensors',
  },
} as const satisfies Record<ExampleName, { title: string; text: string; file: string | null }>

/** What a ticket is opened from. `made` is pruned in the page. */
export type Source =
  | { readonly kind: 'example'; readonly example: ExampleName }
  | { readonly kind: 'file'; readonly file: File }
  | { readonly kind: 'served'; readonly id: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'url'; readonly url: string }

/** A ticket's bytes, or its text, and what messages call it. */
export interface Fetched {
  readonly name: string
  readonly from: Uint8Array | string
}

/**
 * Reads or fetches a ticket.
 * @throws Error in a plain sentence
 */
export async function fetchSource(source: Source, signal: AbortSignal): Promise<Fetched> {
  switch (source.kind) {
    case 'example': {
      const { file, title } = examples[source.example]
      if (file === null) throw new Error(`${title} is made in the page.`)
      return { name: file.slice(file.lastIndexOf('/') + 1), from: await fetchSiteFile(file, signal) }
    }
    case 'file': {
      const { name, size } = source.file
      checkSize(name, size)
      return { name, from: await readFile(source.file) }
    }
    case 'served': {
      const path = `api/files/${encodeURIComponent(source.id)}`
      return { name: source.id.slice(source.id.lastIndexOf('/') + 1), from: await fetchWhole(siteFile(path), signal) }
    }
    case 'text':
      return { name: 'the link', from: source.text }
    case 'url':
      return { name: nameIn(source.url), from: await fetchElsewhere(source.url, signal) }
  }
}

async function readFile(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    throw new InputError(`${file.name} could not be read: it is a folder, or it was changed or moved since.`, {
      cause: error,
    })
  }
}

/** The file's name in an address, or the address where it has none. */
function nameIn(url: string): string {
  const name = new URL(url).pathname.split('/').pop() ?? ''
  try {
    return decodeURIComponent(name) || url
  } catch {
    return name // a % that is just a %
  }
}

/** Another server may be out of reach: for the page's own policy, which `slt serve` sends, or for that server's. */
async function fetchElsewhere(url: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await fetchWhole(url, signal)
  } catch (error) {
    const { origin, host } = new URL(url)
    if (!(error instanceof TypeError) || origin === location.origin) throw error
    throw new Error(
      `${host} could not be read from here: this page may be forbidden to ask other servers, or that one does not answer pages. Download the file and choose it instead.`,
    )
  }
}

async function fetchWhole(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`The ticket could not be loaded: the server answered ${response.status}.`)
  checkSize('the file', Number(response.headers.get('content-length') ?? 0))
  return readBody(response, MOST_BYTES)
}

function checkSize(name: string, size: number): void {
  if (size > MOST_BYTES) throw new InputError(tooMany(name, size, MOST_BYTES))
}

/**
 * What a pasted text is: a link with a ticket in it, its digits, or the address of a ticket file.
 * @returns undefined for anything else
 */
export function readPasted(text: string): Source | undefined {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > 2 * LINK_LIMIT) return undefined
  if (/(?:^|[#?&])ticket(?:10)?=./.test(trimmed)) {
    return { kind: 'text', text: trimmed.replace(/^.*?[#?&](?=ticket(?:10)?=)/s, '#').replace(/&.*$/s, '') }
  }
  if (/^[\d\s]{20,}$/.test(trimmed)) return { kind: 'text', text: trimmed }
  if (/^https?:\/\/\S+$/.test(trimmed) && URL.canParse(trimmed)) return { kind: 'url', url: trimmed }
  return undefined
}
