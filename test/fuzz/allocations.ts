/**
 * Sees every array that JavaScript code makes by a length: the constructors are replaced by proxies that look at it. Unlike the
 * process's figures, which depend on when garbage is collected, this is the same in every run.
 */
const constructors = [
  'ArrayBuffer',
  'Uint8Array',
  'Uint16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
] as const

let largest = 0

for (const name of constructors) {
  const original = globalThis[name] as unknown as { new (...args: unknown[]): object; BYTES_PER_ELEMENT?: number }
  const size = original.BYTES_PER_ELEMENT ?? 1
  const proxy: unknown = new Proxy(original, {
    construct(target, args, newTarget) {
      const [length] = args
      if (typeof length === 'number') largest = Math.max(largest, length * size)
      return Reflect.construct(target, args, newTarget === proxy ? target : newTarget)
    },
  })
  Object.assign(globalThis, { [name]: proxy })
}

/** Runs some work. @returns bytes of the largest array that was asked for meanwhile */
export async function watchAllocations(work: () => Promise<void>): Promise<number> {
  largest = 0
  await work()
  return largest
}
