// Where attachments come from: the file dialog, the clipboard, and drag and drop.

export function receive(form, zone, add) {
  const picker = form.elements.upload;
  picker.addEventListener("change", () => { add([...picker.files]); picker.value = ""; });

  form.elements.body.addEventListener("paste", event => {
    // Office programs put a picture of the text on the clipboard besides the text.
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    add([...files]);
  });

  zone.addEventListener("dragover", event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.add("dropping");
  });
  zone.addEventListener("dragleave", event => {
    if (!zone.contains(event.relatedTarget)) zone.classList.remove("dropping");
  });
  zone.addEventListener("drop", event => {
    zone.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
}

const hasFiles = event => event.dataTransfer?.types.includes("Files");

// A file dropped beside the drop zone would make the browser leave the page to open it.
["dragover", "drop"].forEach(kind => addEventListener(kind, event => hasFiles(event) && event.preventDefault()));
