/** A compact ticket as a QR code (ISO/IEC 18004): digits in numeric mode, a page before them in byte mode. */
import { correction, generate, mode } from 'lean-qr'
import { toSvgSource } from 'lean-qr/extras/svg'
import { checkPage, ticketDigits } from './ticket-text.js'

/** Bits of data in version 40 with the least correction (L). */
const MOST_BITS = 23_648

/** Modules of white around the code: the standard asks for four. */
const QUIET_ZONE = 4

/** Pixels of a module in the SVG's own size. */
const SCALE = 4

/** A QR code. */
export interface TicketQr {
  /** A whole SVG document, black on white, with the quiet zone. */
  readonly svg: string
  /** 1 to 40. */
  readonly version: number
  /** Width and height without the quiet zone: 17 + 4 version. */
  readonly modules: number
  /** The text that a reader gives. */
  readonly text: string
  /** Whether a module is black; x and y from 0 to `modules` - 1. */
  isBlack(x: number, y: number): boolean
}

/** Bits of a ticket's QR code beside the digits: their mode and number; of a page too, and its characters. */
const bitsBeside = (prefix: string): number => 4 + 14 + (prefix === '' ? 0 : 4 + 16 + 8 * prefix.length)

/** Bits of so many digits in numeric mode. */
const bitsOfDigits = (count: number): number => Math.ceil((10 * count) / 3)

/** Digits of a compact ticket of so many bytes: at most as many as 2^(8 n - 7), since it begins with the byte 1. */
const digitsOf = (bytes: number): number => Math.floor((8 * bytes - 7) * Math.log10(2)) + 1

/**
 * Most bytes of a compact ticket that the largest QR code holds: 2,944 without a page.
 * @throws RangeError for a page that is none
 */
export function qrCapacity(page = ''): number {
  const { prefix } = ticketDigits(Uint8Array.of(1), page)
  const bits = MOST_BITS - bitsBeside(prefix)
  let bytes = 0
  while (bitsOfDigits(digitsOf(bytes + 1)) <= bits) bytes++
  return bytes
}

/**
 * The QR code of a compact ticket, with as much error correction as its version has room for.
 * @param page address that opens it; without one the text is the digits alone
 * @throws RangeError when it does not fit (see {@link qrCapacity}), or for a page that is none
 */
export function ticketQr(compact: Uint8Array, page = ''): TicketQr {
  if (page !== '') checkPage(page)
  const capacity = qrCapacity(page)
  if (compact.length > capacity) {
    throw new RangeError(
      `a QR code expected at most ${capacity} bytes${page && ' beside the page'}, got ${compact.length}`,
    )
  }
  const { prefix, digits } = ticketDigits(compact, page)
  const data = prefix === '' ? mode.numeric(digits) : mode.multi(mode.ascii(prefix), mode.numeric(digits))
  const code = generate(data, { minCorrectionLevel: correction.L })
  const svg = toSvgSource(code, { on: '#000', off: '#fff', pad: QUIET_ZONE, scale: SCALE, xmlDeclaration: true })
  return {
    svg: svg.replace(/<svg[^>]*>/, (tag) => `${tag}<title>A ticket as a QR code</title>`),
    version: (code.size - 17) / 4,
    modules: code.size,
    text: prefix + digits,
    isBlack: (x, y) => code.get(x, y),
  }
}
