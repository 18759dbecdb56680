import type { Page } from 'playwright-core'

/**
 * Presses a button as soon as it is there, in the page: the work that it ends may be over before a message from here arrives.
 * @param within selector of the part of the page that the button comes up in
 * @param beside selector of something else in that part
 * @returns whether that was there when the button was pressed
 */
export const pressAtOnce = (page: Page, within: string, button: string, beside: string): Promise<boolean> =>
  page.evaluate(
    ([within, name, beside]) =>
      new Promise<boolean>((resolve) => {
        const part = document.querySelector(within)!
        const press = () => {
          const button = [...part.querySelectorAll('button')].find(({ textContent }) => textContent === name)
          if (!button) return
          observer.disconnect()
          resolve(part.querySelector(beside) !== null)
          button.click()
        }
        const observer = new MutationObserver(press)
        observer.observe(part, { childList: true, subtree: true, characterData: true })
        press()
      }),
    [within, button, beside],
  )
