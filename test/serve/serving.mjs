// A server in a process of its own, which a test can ask how it is: node serving.mjs <explorer> <folder>
import { subscribe } from 'node:diagnostics_channel'
import { startServer } from '../../dist/serve/index.js'

const [explorer, folder] = process.argv.slice(2)
const failures = []
let requests = 0
subscribe('http.server.request.start', () => {
  requests++
})
const serving = await startServer({
  explorer,
  folders: [folder],
  port: 0,
  version: '0',
  onError: (error) => failures.push(String(error?.stack ?? error)),
})
/** What is open while it works at nothing: the channel to the test, sockets, answers that a client does not take, clocks. */
const open = ['PipeWrap', 'TCPServerWrap', 'TCPSocketWrap', 'SimpleWriteWrap', 'WriteWrap', 'ShutdownWrap', 'Timeout']
process.on('message', () => {
  process.send({
    requests,
    failures,
    resident: process.memoryUsage().rss,
    highest: 1024 * process.resourceUsage().maxRSS,
    underWay: process.getActiveResourcesInfo().filter((name) => !open.includes(name)),
  })
})
process.send({ port: serving.port })
