// A server in a process of its own, whose memory a test can ask for: node serving.mjs <explorer> <folder>
import { startServer } from '../../../dist/runtime/serve/index.js'

const [explorer, folder] = process.argv.slice(2)
const failures = []
const serving = await startServer({
  explorer,
  folders: [folder],
  port: 0,
  version: '0',
  onError: (error) => failures.push(String(error?.stack ?? error)),
})
let highest = 0
setInterval(() => {
  highest = Math.max(highest, process.memoryUsage().rss)
}, 20).unref()
process.on('message', () => process.send({ highest, failures }))
process.send({ port: serving.port })
