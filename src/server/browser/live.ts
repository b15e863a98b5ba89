/**
 * Keeps an open page up to date. A live view says by its digest whether the page is out of date; then the page is asked for
 * again and what differs is put in place, so that there is one place where pages are made: the server. Nothing is fetched
 * for a page that nobody looks at. Without scripts a page is loaded again by hand.
 */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { morph } from './morph.ts'

/** A break of the connection shorter than this is not worth a word. */
const offlineAfter = 3_000

export function followLive(): void {
  const main = document.querySelector<HTMLElement>('main[data-live]')
  if (!main) return
  const server = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`
  let doc = new Y.Doc()
  let provider: WebsocketProvider | undefined
  let [refreshing, outdated, failures, timer] = [false, false, 0, 0]

  const isStale = (): boolean => {
    const digest = doc.getMap<string>('page').get('digest')
    return outdated || (digest !== undefined && digest !== main.dataset['digest'])
  }
  const refresh = async (): Promise<void> => {
    if (refreshing || document.hidden || !isStale()) return
    refreshing = true
    clearTimeout(timer)
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { 'x-live': 'yes' } })
      // Signed out, or nothing to see here any more: the server's own page says so.
      if (answer.redirected || answer.status === 403 || answer.status === 404) return location.reload()
      if (answer.ok) put(await answer.text())
      if (answer.ok && outdated) follow()
    } catch {
      // No network: the view comes back with it, and says again what is missing.
    } finally {
      refreshing = false
    }
    // The page may have been made before the change that it was asked for; then it is asked for again, more and more slowly.
    failures = isStale() ? failures + 1 : 0
    if (failures > 0) timer = window.setTimeout(() => void refresh(), Math.min(10_000, 50 * 2 ** failures))
  }
  const put = (text: string): void => {
    const fresh = new DOMParser().parseFromString(text, 'text/html')
    const said: string[] = []
    const focused = document.activeElement
    for (const part of ['main', 'nav.menu']) {
      const [now, then] = [document.querySelector(part), fresh.querySelector(part)]
      if (now && then) morph(now, then, said)
    }
    // What had the focus is gone: the keyboard goes on from the top of the page and not from nowhere.
    if (focused && !focused.isConnected) main.focus({ preventScroll: true })
    const says = document.querySelector('#says')
    if (says && said.length > 0) says.textContent = [...new Set(said)].join('. ')
  }

  document.addEventListener('visibilitychange', () => void refresh())

  const offline = document.querySelector<HTMLElement>('[data-offline]')
  let offlineTimer = 0
  const connected = (is: boolean): void => {
    clearTimeout(offlineTimer)
    if (!offline) return
    if (is) offline.hidden = true
    else offlineTimer = window.setTimeout(() => (offline.hidden = false), offlineAfter)
  }
  let wasConnected = false
  /** Follows the view that the page names now, with nothing of an earlier one. */
  const follow = (): void => {
    outdated = false
    doc = new Y.Doc()
    doc.on('update', () => void refresh())
    provider = new WebsocketProvider(server, main.dataset['live']!, doc, { disableBc: true, maxBackoffTime: 5_000 })
    // For whoever watches it: from here on the page keeps itself up to date.
    provider.on('sync', (is) => main.toggleAttribute('data-following', is))
    provider.on('status', ({ status }) => {
      if (status === 'connected') wasConnected = true
      if (wasConnected && status !== 'connecting') connected(status === 'connected')
    })
    provider.on('closed', ({ code }) => {
      connected(true)
      if (code === 4401) location.assign('/sign-in')
      if (code === 4403) location.reload()
      // Another person was chosen, or there is a later view. The page is asked for as one that keeps itself up to date, and
      // not loaded again: that would keep a session alive at which nobody sits (VIEW-4).
      if (code === 4409) {
        outdated = true
        provider?.destroy()
        void refresh()
      }
    })
  }
  follow()
  window.addEventListener('pagehide', () => provider?.destroy())
  // A page out of the browser's cache of pages has no connection, and may be of another session.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload()
  })
}
