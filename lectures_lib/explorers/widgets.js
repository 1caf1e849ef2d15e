(function (script) {
  var root = script.parentElement, frames = root.querySelectorAll('figure');
  function element(tag, attributes) {
    var made = document.createElement(tag);
    for (var name in attributes) made.setAttribute(name, attributes[name]);
    return made;
  }
  var label = element('label', {'class': 'll-slider'}), value = element('output', {}),
      live = element('p', {'aria-live': 'polite'}),
      input = element('input', {type: 'range', min: 0, max: frames.length - 1, value: 0,
                                step: 1, autocomplete: 'off'});
  label.append(root.getAttribute('aria-label') + ' ', input, ' ', value);
  root.prepend(label);
  root.append(live);
  function show(chosen) {
    frames.forEach(function (f, i) { f.classList.toggle('off', i !== chosen); });
    var name = frames[chosen].dataset.name;
    value.textContent = name;
    input.setAttribute('aria-valuetext', name);
    live.textContent = frames[chosen].querySelector('figcaption').textContent;
  }
  input.addEventListener('input', function () { show(+input.value); });
  // The keys that move it are its own; all others belong to the page.
  input.addEventListener('keydown', function (event) {
    if (/^(Arrow|Home|End)/.test(event.key)) event.stopPropagation();
  });
  root.classList.add('on');
  show(0);
})(document.currentScript);
