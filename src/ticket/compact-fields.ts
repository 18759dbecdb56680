/**
 * The fields of a compact ticket, one after another: unsigned integers, numbers, texts and bytes. A writer and a reader
 * have the same methods, so that one function (`compactHead`) says the order for both: what is given to a writer comes back
 * from a reader. docs/ticket-format.md specifies them.
 */

/** A head at least this high is no number of decimal digits; `null` and float64 follow. */
const DECIMAL_HEADS = 64
const NULL_HEAD = 254
const FLOAT_HEAD = 255

/** Reads or writes one field after another; a reader ignores what it is given. */
export interface Fields {
  readonly isReader: boolean
  /** An integer from 0 to `most` (inclusive). */
  integer(name: string, value: number, most?: number): number
  /** An unsigned 64-bit integer. */
  long(name: string, value: bigint): bigint
  /** A finite float64; -0 is 0. */
  number(name: string, value: number): number
  numberOrNull(name: string, value: number | null): number | null
  /** A text of at most 255 bytes in UTF-8. */
  text(name: string, value: string): string
  /** Bytes, as many as are asked for. */
  bytes(name: string, value: Uint8Array, count: number): Uint8Array
}

/** A number as digits and a power of ten, `digits * 10^-decimals`, when that is exact. */
function decimalOf(value: number): { digits: number; decimals: number } | undefined {
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e')
  const decimals = mantissa.replace('.', '').length - 1 - Number(exponent)
  const digits = Number(mantissa.replace('.', '')) * (decimals < 0 ? 10 ** -decimals : 1)
  const found = { digits, decimals: Math.max(decimals, 0) }
  if (!Number.isSafeInteger(digits) || found.decimals >= DECIMAL_HEADS / 2) return undefined
  return decimalValue(found.digits, found.decimals) === Math.abs(value) ? found : undefined
}

const decimalValue = (digits: number, decimals: number): number => Number(`${digits}e-${decimals}`)

/** Bytes of an integer, seven bits each. */
const lengthOf = (value: number): number => Math.max(1, Math.ceil(Math.log2(value + 1) / 7))

/** A writer; `done` gives the bytes. */
export function createFieldWriter(): Fields & { done(): Uint8Array } {
  const out: number[] = []
  const put = (value: bigint) => {
    let rest = value
    for (; rest >= 128n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
    out.push(Number(rest))
  }
  const numberOrNull = (name: string, value: number | null) => {
    if (value === null) {
      out.push(NULL_HEAD)
      return value
    }
    if (!Number.isFinite(value)) throw new RangeError(`"${name}" expected a finite number, got ${value}`)
    const decimal = decimalOf(value)
    if (decimal && lengthOf(decimal.digits) < 8) {
      out.push(2 * decimal.decimals + (value < 0 ? 1 : 0))
      put(BigInt(decimal.digits))
    } else {
      out.push(FLOAT_HEAD)
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setFloat64(0, value, true)
      out.push(...bytes)
    }
    return value
  }
  return {
    isReader: false,
    integer(name, value, most = Number.MAX_SAFE_INTEGER) {
      if (!Number.isSafeInteger(value) || value < 0 || value > most) {
        throw new RangeError(`"${name}" expected an integer from 0 to ${most}, got ${value}`)
      }
      put(BigInt(value))
      return value
    },
    long(_, value) {
      put(value)
      return value
    },
    number: (name, value) => numberOrNull(name, value)!,
    numberOrNull,
    text(name, value) {
      const bytes = new TextEncoder().encode(value)
      if (bytes.length > 255) throw new RangeError(`"${name}" expected at most 255 bytes of text, got ${bytes.length}`)
      out.push(bytes.length, ...bytes)
      return value
    },
    bytes(name, value, count) {
      if (value.length !== count) throw new RangeError(`"${name}" expected ${count} bytes, got ${value.length}`)
      for (const byte of value) out.push(byte)
      return value
    },
    done: () => Uint8Array.from(out),
  }
}

/**
 * A reader. Its methods throw RangeError naming the field: for what ends too early, is out of range, or is an integer that is
 * not as short as it could be.
 */
export function createFieldReader(bytes: Uint8Array): Fields & { rest(): Uint8Array } {
  let at = 0
  const take = (name: string, count: number): Uint8Array => {
    if (count > bytes.length - at) throw new RangeError(`"${name}" goes past the end`)
    at += count
    return bytes.subarray(at - count, at)
  }
  const get = (name: string): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte] = take(name, 1)
      value |= BigInt(byte & 127) << shift
      if (byte >= 128) continue
      if (byte === 0 && shift > 0n) break
      return value
    }
    throw new RangeError(`"${name}" is no integer of the shortest form`)
  }
  const integer = (name: string, most = Number.MAX_SAFE_INTEGER): number => {
    const value = get(name)
    if (value > BigInt(most)) throw new RangeError(`"${name}" expected an integer from 0 to ${most}, got ${value}`)
    return Number(value)
  }
  const numberOrNull = (name: string): number | null => {
    const [head] = take(name, 1)
    if (head === NULL_HEAD) return null
    if (head === FLOAT_HEAD) {
      const raw = take(name, 8)
      const value = new DataView(raw.buffer, raw.byteOffset, 8).getFloat64(0, true)
      if (!Number.isFinite(value)) throw new RangeError(`"${name}" expected a finite number, got ${value}`)
      return value
    }
    if (head >= DECIMAL_HEADS) throw new RangeError(`"${name}" has an unknown form ${head}`)
    const value = decimalValue(integer(name), head >> 1)
    return head & 1 ? -value : value
  }
  return {
    isReader: true,
    integer: (name, _, most) => integer(name, most),
    long(name) {
      const value = get(name)
      if (value >= 1n << 64n) throw new RangeError(`"${name}" expected an integer below 2^64, got ${value}`)
      return value
    },
    number(name) {
      const value = numberOrNull(name)
      if (value === null) throw new RangeError(`"${name}" expected a number, got null`)
      return value
    },
    numberOrNull,
    text(name) {
      const [length] = take(name, 1)
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(take(name, length))
      } catch (error) {
        if (error instanceof RangeError) throw error
        throw new RangeError(`"${name}" is not UTF-8`)
      }
    },
    bytes: (name, _, count) => take(name, count),
    rest: () => bytes.subarray(at),
  }
}
