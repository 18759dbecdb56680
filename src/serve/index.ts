export { openBrowser } from './open-browser.js'
export { DEFAULT_PORT, type ServeRequest, type Serving, startServer } from './server.js'
