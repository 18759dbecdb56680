/** Whether this machine keeps the low byte first, as the format does. */
export const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Unsigned 16-bit numbers as little-endian bytes (a copy). */
export function uint16Bytes(values: Uint16Array): Uint8Array {
  if (littleEndian) return new Uint8Array(values.slice().buffer)
  const view = new DataView(new ArrayBuffer(2 * values.length))
  for (let i = 0; i < values.length; i++) view.setUint16(2 * i, values[i], true)
  return new Uint8Array(view.buffer)
}

/** Little-endian bytes, an even number, as unsigned 16-bit numbers (a copy). */
export function toUint16(bytes: Uint8Array): Uint16Array {
  if (littleEndian) return new Uint16Array(new Uint8Array(bytes).buffer) // a copy: aligned, also for a Buffer
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true))
}

/** Little-endian bytes, a multiple of four, as unsigned 32-bit numbers (a copy). */
export function toUint32(bytes: Uint8Array): Uint32Array {
  if (littleEndian) return new Uint32Array(new Uint8Array(bytes).buffer)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}
