/** The WebAssembly kernels (assembly/), one instance a thread, and the part of their memory that callers may use. */

/** What is used of a WebAssembly.Memory; of that type itself declarations are in lib.dom alone. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer
  /** Adds pages of 64 KiB. */
  grow(pages: number): number
}

export interface KernelExports {
  memory: KernelMemory
  heapBase(): number
  fillWords(...args: number[]): void
  fillUniform(...args: number[]): void
  fillNormal(...args: number[]): void
  fillSignedConstant(...args: number[]): void
  solveBatch(...args: number[]): void
  solvePairColumn(...args: number[]): void
  packRows(...args: number[]): void
  chooseUnits(...args: number[]): void
  hardnessAfterSwap(...args: number[]): number
  addUnit(...args: number[]): void
  setAdamW(...args: number[]): void
  updateDense(...args: number[]): number
  updateScores(...args: number[]): void
  foundAt(): number
  histogramAt(): number
  countDigits(...args: number[]): void
  findNaN(...args: number[]): number
  applyThreshold(...args: number[]): number
  keepCandidates(...args: number[]): number
  countFlips(...args: number[]): number
  updateLatents(...args: number[]): number
  raiseCodes(...args: number[]): number
  signCodes(...args: number[]): void
  quantise(...args: number[]): void
  wearCodes(...args: number[]): void
  countChanged(...args: number[]): number
  scaleValues(...args: number[]): void
  setMagnitudes(...args: number[]): void
  dotProduct(...args: number[]): number
  sumMagnitudes(...args: number[]): number
  updateSoftScores(...args: number[]): number
  softGradientSquares(...args: number[]): number
  wearSoft(...args: number[]): void
  updateSoftLevels(...args: number[]): number
  wearSoftLevels(...args: number[]): void
  addRows(...args: number[]): number
  integerWeights(...args: number[]): number
  decodeChunk(...args: number[]): number
  decoderBytes(width: number): number
  fillMasked(...args: number[]): number
  countKept(bits: number, count: number): number
  addCoat(...args: number[]): void
  dressWeights(...args: number[]): void
  fillTernary(...args: number[]): number
  invertTernary(...args: number[]): void
}

export interface Kernels {
  exports: KernelExports
  /**
   * Lays out buffers of the given byte lengths from the start of the caller's memory, growing it as needed, and returns
   * their addresses (64-byte aligned). Every call starts afresh: what an earlier call laid out is given up, and views
   * made before it may be detached.
   */
  reserve(...byteLengths: number[]): number[]
}

const PAGE = 65536

/** Instantiates kernels.wasm. @param bytes the module, as built by `npm run build` */
export async function instantiateKernels(bytes: ArrayBuffer | ArrayBufferView<ArrayBuffer>): Promise<Kernels> {
  const abort = () => {
    throw new Error('kernels.wasm aborted')
  }
  // Where nothing else is awaited, Node may wait for its compiler while that waits for Node (nodejs/node#54918): a timer
  // keeps its loop turning.
  const timer = setInterval(() => {}, 1000)
  const { instance } = await WebAssembly.instantiate(bytes, { env: { abort } }).finally(() => clearInterval(timer))
  const exports = instance.exports as unknown as KernelExports
  return {
    exports,
    reserve(...byteLengths) {
      let end = exports.heapBase()
      const addresses = byteLengths.map((length) => {
        const address = end
        end += Math.ceil(length / 64) * 64
        return address
      })
      const missing = end + 64 - exports.memory.buffer.byteLength
      if (missing > 0) exports.memory.grow(Math.ceil(missing / PAGE))
      return addresses
    },
  }
}
