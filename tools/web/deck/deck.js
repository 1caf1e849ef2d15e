/* What the decks add to reveal.js: keys that no control traps, one answer open at a
   time, a slide that never runs over, the part's name, and a dark hall. */
const query = new URLSearchParams(location.search);
document.documentElement.classList.toggle('dark', query.has('dark'));

/* A slide that is too tall is shown smaller, not cut off. What is smaller wraps
   elsewhere, so its size is found in steps. */
function fit(slide) {
  if (!slide || !slide.clientHeight) return;
  let scale = 1;
  for (let step = 0; step < 4; step++) {
    slide.style.cssText += `;zoom:${1 / scale};width:${1280 * scale}px;` +
      `height:${720 * scale}px`;
    const tall = Math.max(slide.scrollHeight / slide.clientHeight,
                          slide.scrollWidth / slide.clientWidth);
    if (tall < 1.002) return;
    scale *= 1.01 * tall;
  }
}

function ready(Reveal) {
  window.deck = Reveal;
  const part = document.createElement('div');
  part.id = 'part';
  document.body.append(part);
  const update = () => {
    const slide = Reveal.getCurrentSlide();
    document.querySelectorAll('.slides section:not(.stack)').forEach(
      other => { other.inert = other !== slide; });
    const title = slide.parentElement.querySelector('[class*=celltag_part-], h1, h2');
    const named = title && title.className.match(/celltag_part-(\S+)/);
    part.textContent = named ? named[1].replaceAll('-', ' ')
      : title ? title.textContent.replace('¶', '') : '';
    fit(slide);
    requestAnimationFrame(() => fit(slide));
    if (slide.dataset.typeset) return;
    slide.dataset.typeset = true;  // a formula's size is known where it is seen
    MathJax.Hub.Queue(['Rerender', MathJax.Hub, slide], () => fit(slide));
  };
  if (Reveal.isPrintingPDF()) {
    document.querySelectorAll('.pdf-page section').forEach(fit);
    window.deckIsPrintable = true;
    return;
  }
  ['ready', 'slidechanged', 'fragmentshown', 'fragmenthidden'].forEach(
    name => Reveal.on(name, update));
  document.querySelectorAll('.ll details').forEach(opened => {
    opened.addEventListener('toggle', () => {
      if (opened.open) opened.parentElement.querySelectorAll('details[open]').forEach(
        other => { if (other !== opened) other.open = false; });
      update();
    });
  });
  /* Who has used a control goes on with the deck's keys; arrows stay with the control. */
  document.addEventListener('keydown', event => {
    const used = document.activeElement;
    if (!used || !used.matches('input, summary')) return;
    if (event.key === 'Escape') event.stopImmediatePropagation();
    if (['Escape', 'PageDown', 'PageUp'].includes(event.key)) {
      event.preventDefault();
      used.blur();
    }
  }, true);
  document.addEventListener('change', event => {
    if (event.target.type === 'radio') event.target.blur();
  });
  Reveal.addKeyBinding({keyCode: 84, key: 'T', description: 'Light or dark hall'},
    () => document.documentElement.classList.toggle('dark'));
  update();
}

require(['assets/reveal.js/dist/reveal.js', 'assets/reveal.js/plugin/notes/notes.js'],
  (Reveal, Notes) => {
    Reveal.initialize({
      width: 1280, height: 720, margin: 0, center: false, transition: 'none',
      navigationMode: 'linear', history: true, hash: true, controls: false,
      progress: true, slideNumber: 'c/t', plugins: [Notes],
      showNotes: query.has('notes') ? 'separate-page' : false,
    }).then(() => MathJax.Hub.Queue(() => ready(Reveal)));
  });
