export { type AddedToken, addTokens } from './added-tokens.js'
export { type AngularVelocity, generateAngularVelocity } from './angular-velocity.js'
export {
  type AngularVelocityBatch,
  type AngularVelocitySet,
  type AngularVelocitySplit,
  createAngularVelocityBatch,
  createAngularVelocitySet,
  fillAngularVelocityBatch,
  HIDDEN_LOGIT,
  shuffleEpoch,
} from './angular-velocity-sets.js'
export {
  bitsPerByte,
  bytesOfTokens,
  type Corpus,
  type CorpusFile,
  type CorpusPart,
  describeParts,
  splitTokens,
  tooShort,
} from './corpus.js'
export {
  END_OF_TEXT,
  END_OF_TEXT_CONTENT,
  type Gpt2Vocabulary,
  isPrintableByte,
  loadGpt2Vocabulary,
} from './gpt2-vocabulary.js'
export { createLetterTokenizer } from './letter-tokenizer.js'
export { loadTokenizer } from './load-tokenizer.js'
export {
  checkSortTask,
  fillSortBatch,
  fillSorted,
  heldOutLists,
  isHeldOut,
  listCount,
  type SortTask,
  sortContext,
} from './sort-task.js'
export { type OpenedText, openText, type Pieces, type TextFile } from './text-file.js'
export { tooManyControls } from './text-form.js'
export { createTextStream, type TextStream } from './text-stream.js'
export { createTokenBuffer, createTokens, NARROW_VOCABULARY, type TokenBuffer, type Tokens } from './token-buffer.js'
export {
  atOnce,
  checkToken,
  type DecodeOptions,
  type EncodeOptions,
  isTokenizerName,
  loadableName,
  oneStep,
  type Steps,
  type StreamEncoder,
  type TakeTokens,
  type Tokenizer,
  type TokenizerName,
  tokenizerNames,
} from './tokenizer.js'
export {
  BATCH_STREAM,
  type BatchChoice,
  fillBatch,
  fillWindows,
  scaleWord,
  trainingStarts,
  validationStarts,
} from './windows.js'
