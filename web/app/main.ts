import { mount } from 'svelte'
import App from './app.svelte'
import './tokens.css'
import './base.css'
import { applyTheme } from './theme.svelte.ts'

const target = document.getElementById('app')
if (target === null) throw new Error('index.html has no #app')
applyTheme()
mount(App, { target })
