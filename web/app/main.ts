import { mount } from 'svelte'
import { begin } from '../accounts/session.svelte.ts'
import App from './app.svelte'
import './tokens.css'
import './base.css'
import { fetchPartsAhead } from './parts-ahead.ts'
import { readyNumbers } from '../messages/language.svelte.ts'
import { speakPreferred } from './preferences.svelte.ts'
import { pressOnce } from './press-once.ts'
import { applyTheme } from './theme.svelte.ts'

const target = document.getElementById('app')
if (target === null) throw new Error('index.html has no #app')
begin()
fetchPartsAhead()
applyTheme()
pressOnce()
// Nobody should see one language turn into another; only a line that fails makes the first paint wait no longer.
const patienceMs = 1_500
Promise.race([speakPreferred(), new Promise((resolve) => { setTimeout(resolve, patienceMs) })]).then(() => {
  mount(App, { target })
  // The server is being asked who is there.
  readyNumbers()
})
