// Typed text, through a field nobody sees, so that dead keys, composition and on-screen keyboards work as anywhere.

/** Longest text of one message, in bytes (playfield_core::signal::MAX_TEXT). */
const MAX_BYTES = 1024;

export interface TextHooks {
  text(text: string): void;
  /** A key that the field swallowed and that came without a code. */
  tap(code: string): void;
}

/** `text` in pieces that fit a message each, never cut inside a character. */
export function pieces(text: string, most = MAX_BYTES): string[] {
  const encoder = new TextEncoder();
  const out: string[] = [];
  let piece = '';
  let size = 0;
  for (const char of text) {
    const bytes = encoder.encode(char).length;
    if (size + bytes > most) {
      out.push(piece);
      piece = '';
      size = 0;
    }
    piece += char;
    size += bytes;
  }
  if (piece) out.push(piece);
  return out;
}

export function createTextField(hooks: TextHooks): HTMLTextAreaElement {
  const field = document.createElement('textarea');
  field.className = 'text-field';
  field.setAttribute('aria-label', 'Type into the title');
  field.autocapitalize = 'off';
  field.autocomplete = 'off';
  field.spellcheck = false;
  const flush = () => {
    for (const piece of pieces(field.value)) hooks.text(piece);
    field.value = '';
  };
  field.addEventListener('input', (event) => {
    const { inputType, isComposing } = event as InputEvent;
    if (inputType === 'deleteContentBackward') hooks.tap('Backspace');
    if (!isComposing) flush();
  });
  field.addEventListener('compositionend', flush);
  return field;
}
