/** A ticket as a link and a QR code, in a worker. */

import { webSha256 } from '../../../../src/engine/web-sha256.js'
import { encodeCompact } from '../../../../src/ticket/compact.js'
import { expectSearched, type Ticket } from '../../../../src/ticket/index.js'
import { qrCapacity, ticketQr } from '../../../../src/ticket/ticket-qr.js'
import { LINK_LONG, ticketLink } from '../../../../src/ticket/ticket-text.js'

/** A ticket to be handed on. */
export interface SharedTicket {
  readonly link: string
  /** Of the compact form. */
  readonly bytes: number
  /** Whether the link is so long that programs may cut it. */
  readonly isLong: boolean
  /** An SVG of the digits, which any reader takes; null where a QR code does not hold it. */
  readonly qr: { readonly svg: string; readonly version: number; readonly text: string } | null
  /** Most bytes of a QR code. */
  readonly capacity: number
}

/**
 * @param page address of the explorer, without a fragment
 * @throws InputError or RangeError for a ticket that has no such form, or a link that is too long
 */
export async function shareTicket(ticket: Ticket, page: string): Promise<SharedTicket> {
  const { bytes } = await encodeCompact(expectSearched(ticket), webSha256)
  const link = ticketLink(bytes, page)
  const capacity = qrCapacity()
  const qr = bytes.length > capacity ? null : ticketQr(bytes)
  return {
    link,
    bytes: bytes.length,
    isLong: link.length > LINK_LONG,
    qr: qr && { svg: qr.svg, version: qr.version, text: qr.text },
    capacity,
  }
}
