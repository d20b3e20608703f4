/** The page that stands there without a network: the same for everybody, shown as large as the phone's last page. */
import { readsLarge } from "../lib/kept";

if (readsLarge()) document.documentElement.dataset.mode = "elder";
