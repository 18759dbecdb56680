/** The families that come with the program. Importing this file makes them known. */
import { bert } from './bert/family.js'
import { registerFamily } from './family.js'
import { gpt2 } from './gpt2/family.js'
import { llama } from './llama/family.js'

registerFamily(gpt2)
registerFamily(llama)
registerFamily(bert)
