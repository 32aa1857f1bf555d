// Last in the playground's script: what anywidget asks of a module. A page has no kernel that could be gone.

export default {
  render(told) {
    const ends = [render(told), watch(told.model, told.el.querySelector(".playground"))];
    return () => ends.forEach((end) => end());
  },
};
