export { type Gpt2Folder, type OpenFile, openGpt2Folder, readGpt2Folder } from './hugging-face.js'
export { parseGpt2Config } from './hugging-face-config.js'
