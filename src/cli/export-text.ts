import { basename } from 'node:path'
import { bytesText } from '../inspect/bytes-text.js'
import type { TextOptions, TextReport } from '../jobs/ticket-text.js'
import { LINK_LONG } from '../ticket/ticket-text.js'
import { count, createTerminal } from './terminal.js'

/** Options of the forms `url` and `qr` of `slt export`. */
export interface TextFlags extends TextOptions {
  readonly force?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Forms of a ticket as text. */
export const textForms = ['url', 'qr'] as const
export type TextForm = (typeof textForms)[number]

/** What `slt export --help` says of them. */
export const textHelp = `url             a link (or with no --page its fragment) on standard output, which slt import and the page open
qr              an SVG file with a QR code of the same; a ticket fits up to 2,944 bytes
url and qr take the tickets of slt search. Those of slt prune are too large: about 30 bits for each weight of their model, 274 kB for the sorter.`

/** Runs `slt export <ticket> --to url`: prints the link. */
export async function exportUrl(path: string, flags: TextFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const { linkTicket } = await import('../jobs/ticket-text.js')
  const report = await linkTicket(path, flags)
  const characters = report.link.length
  terminal.note(`${describe(report)}; ${count(characters)} characters`)
  if (characters > LINK_LONG) terminal.note(`many programs cut links longer than ${count(LINK_LONG)} characters`)
  terminal.print(report.link)
  terminal.result({ ...report, characters })
}

/** Runs `slt export <ticket> [out] --to qr`: writes an SVG file, by default the ticket's name with `.svg`. */
export async function exportQr(path: string, out: string | undefined, flags: TextFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const { writeTicketQr } = await import('../jobs/ticket-text.js')
  const file = out ?? `${basename(path).replace(/(\.slt)?\.safetensors$/, '')}.svg`
  const report = await writeTicketQr(path, file, flags)
  terminal.print(
    `${terminal.colour.bold(file)}: a QR code of version ${report.version}, ${report.modules} x ${report.modules} modules; ${describe(report)}`,
  )
  terminal.result(report)
}

const describe = ({ bytes, maskBytes, weights, lean }: TextReport) =>
  `${count(weights)} weights in ${bytesText(bytes)} (${bytesText(maskBytes)} of masks)${lean ? ', lean' : ''}`
