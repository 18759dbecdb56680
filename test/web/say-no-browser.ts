/** Before all tests: says once which are left out. */
import { noBrowser } from './browser.js'

export default function sayNoBrowser(): void {
  if (noBrowser) console.log('No Chromium was found (SLT_CHROMIUM names one): tests in a browser are skipped.')
}
