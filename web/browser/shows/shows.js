// Shows the starts of coming LIVEs in the viewer's own time; the server can only tell them in UTC.
import { dateOf } from "../common/money.js";

for (const time of document.querySelectorAll("time")) {
  time.textContent = dateOf(Date.parse(time.dateTime));
}
