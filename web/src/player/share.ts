// Handing on the address of a title, the way the device does it.

/** Shares `url`; the answer says what happened. */
export async function share(name: string, url: string): Promise<string> {
  try {
    if (navigator.share && matchMedia('(pointer: coarse)').matches) {
      await navigator.share({ title: name, url });
      return 'Shared';
    }
    await navigator.clipboard.writeText(url);
    return 'Link copied';
  } catch (error) {
    if ((error as DOMException).name === 'AbortError') return '';
    return url;
  }
}
