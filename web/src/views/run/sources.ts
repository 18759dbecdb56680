/** Where tickets come from. */
import { InputError } from '../../../../src/safetensors/input-error.js'
import { LINK_LIMIT } from '../../../../src/ticket/ticket-text.js'
import { fetchSiteFile, siteFile } from '../../site.js'
import type { BundledModel } from './prune-example.js'
import { readBody, tooMany } from './sized-body.js'
import type { GivenTokenizer } from './texts.js'

/** Bytes of the largest file that is read. */
const MOST_BYTES = 2 ** 29

export const exampleNames = ['sorter', 'play', 'stories', 'pruned', 'ten'] as const
export type ExampleName = (typeof exampleNames)[number]

/** A ticket that is a click away: its file in the site, or the bundled model that random matrices are pruned to in the page. */
interface Example {
  readonly title: string
  readonly text: string
  readonly file: string | null
  readonly model: BundledModel | null
  /** Whether the model writes beside the ticket; its texts are read by its own tokenizer then. */
  readonly isBeside?: boolean
  /** Where it begins to write, and how freely, unless the visitor says otherwise. */
  readonly writes?: { readonly prompt: string; readonly temperature: number }
}

/** Tickets that are a click away. */
export const examples = {
  sorter: {
    title: 'A sorter that fits in a QR code',
    text: '1,320 random weights and 165 bytes of masks sort every list of six letters.',
    file: 'data/tickets/sorter-qr/sorter.slt.safetensors',
    model: null,
  },
  play: {
    title: 'A playwright',
    text: '835,584 random weights, found by search on the plays of Shakespeare, in 85 kB.',
    file: 'data/tickets/play/play.slt.safetensors',
    model: null,
    writes: { prompt: 'ROMEO:', temperature: 0.8 },
  },
  stories: {
    title: 'A storyteller, pruned here',
    text: 'Random matrices are pruned to a trained Llama of 260,032 weights, and tell its story beside it.',
    file: null,
    model: 'stories260k',
    isBeside: true,
    writes: { prompt: 'Once upon a time', temperature: 0 },
  },
  pruned: {
    title: 'A trained sorter, pruned here',
    text: 'Random matrices are pruned, while you wait, until they do what a trained network does.',
    file: null,
    model: 'gpt-nano-sort',
  },
  ten: {
    title: 'Ten letters',
    text: '21,152 random weights that sort six letters out of ten; the largest QR code but one.',
    file: 'data/tickets/sorter-qr/ten-letters.slt.safetensors',
    model: null,
  },
} as const satisfies Record<ExampleName, Example> as Readonly<Record<ExampleName, Example>>

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
  readonly tokenizer?: GivenTokenizer | undefined
  readonly target?: BundledModel | undefined
  /** Which mask of a file that holds several, by its name; its first where it is not told. */
  readonly mask?: string | undefined
}

/** The tokenizer of a bundled model. @throws Error in a plain sentence when it cannot be had */
export async function bundledTokenizer(model: BundledModel, signal: AbortSignal): Promise<GivenTokenizer> {
  const names = ['tokenizer.json', 'tokenizer_config.json']
  const files = await Promise.all(names.map((name) => fetchSiteFile(`data/${model}/${name}`, signal)))
  const [json, config] = files.map((bytes) => new TextDecoder().decode(bytes))
  return { kind: 'files', name: names[0], json, config }
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
