/** htmx, rebuilt for old WebViews and served by ourselves. Its settings stand in base.html's `htmx-config`. */
import htmx from "htmx.org";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}

window.htmx = htmx;
