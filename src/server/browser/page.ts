/** What runs in the browser on every page, in one file. All of it is extra: each page works without it. */
import { keepDrafts } from './drafts.ts'
import { followLive } from './live.ts'
import { inBrowser } from './sign-in.ts'

inBrowser()
keepDrafts()
followLive()
