/** What runs in the browser on every page, in one file. All of it is extra: each page works without it. */
import { keepDrafts } from './drafts.ts'
import { followLooks } from './looks.ts'
import { followLive } from './live.ts'
import { inBrowser } from './sign-in.ts'

inBrowser()
keepDrafts()
followLooks()
followLive()
