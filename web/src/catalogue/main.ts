// The catalogue: a single page for `/`, `/play/TITLE`, `/join`, `/test` and `/sign-in`.

import '../design/tokens.css';
import '../design/base.css';
import '../design/receipt.css';
import { mount } from 'svelte';
import App from './App.svelte';

mount(App, { target: document.getElementById('app')! });
