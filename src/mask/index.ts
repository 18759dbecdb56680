export { keepTopK } from './keep-top.js'
export { keptCount } from './kept-count.js'
export {
  copyBits,
  countOnes,
  getBit,
  packBits,
  packedBytes,
  tailIsZero,
  unpackBits,
  zeroDropped,
} from './packed-bits.js'
export { copiedRows, copyRow, type RowCopies } from './row-copies.js'
export { gatherBits, liesWithin, rowBits, spreadBits, usedRows } from './within.js'
